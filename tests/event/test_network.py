import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.event.hashing import Hasher
from stream.event.network import network_of, networks


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.8", "203.0.113.0/24"),
        (" 203.0.113.8 ", "203.0.113.0/24"),
        ("203.0.113.8:55123", "203.0.113.0/24"),
        ("::ffff:203.0.113.8", "203.0.113.0/24"),
        ("2001:db8:1:2::1", "2001:db8:1::/48"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("not-an-ip", None),
        ("unknown", None),
        ("", None),
        ("203.0.113", None),
        ("203.0.113.08", None),
        ("203.0.113.8, 10.0.0.1", None),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str | None) -> None:
    assert network_of(address) == network


@given(st.ip_addresses(v=4))
def test_every_ipv4_lies_in_its_network(address: ipaddress.IPv4Address) -> None:
    assert address in ipaddress.IPv4Network(network_of(str(address)) or "")


@given(st.ip_addresses(v=6))
def test_every_ipv6_lies_in_its_network(address: ipaddress.IPv6Address) -> None:
    network = ipaddress.ip_network(network_of(str(address)) or "")
    assert (address.ipv4_mapped or address) in network


def test_addresses_of_one_network_share_a_hash_and_others_do_not() -> None:
    hashes = networks(Hasher("a key"))
    assert hashes["203.0.113.8"] == hashes["203.0.113.200"] == hashes["::ffff:203.0.113.1"]
    assert hashes["203.0.113.8"] != hashes["203.0.114.8"]
    assert hashes["not-an-ip"] is None

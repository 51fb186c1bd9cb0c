"""How long a partition stood, from what was seen of its offsets."""

from tests.chaos.rolling import Look, pause_s


def test_the_pause_is_the_longest_time_in_which_one_partition_did_not_move() -> None:
    looks = [Look(0.0, (0, 0)), Look(1.0, (5, 1)), Look(2.0, (5, 2)), Look(4.5, (6, 2)), Look(5.0, (6, 3))]
    assert pause_s(looks) == 3.5


def test_what_stands_until_the_end_counts_too() -> None:
    assert pause_s([Look(0.0, (0, 0)), Look(1.0, (1, 1)), Look(9.0, (1, 2))]) == 8.0

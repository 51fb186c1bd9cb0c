import ast
import inspect
import sys

import pytest

from stream.bench.constants import constants, followers, replaced
from stream.cases import hot
from stream.evidence import piece, place


def test_every_number_of_the_rooms_is_found_and_what_follows_from_one_is_not() -> None:
    found = constants()
    assert found["evidence.place.PLACE_SHARE"].value == place.PLACE_SHARE
    assert found["cases.hot._COUNTS"].value == hot._COUNTS
    assert found["cases.docket._CLOSE_MS"].module == "stream.cases.docket"
    assert "evidence.piece._OFFSET_SIGMA" not in found  # worked out from TAIL_OFFSET
    assert "cases.roster.PLACE_SHARE" not in found  # imported
    assert "evidence.piece.DEEDS" not in found
    assert "evidence.traits._DISPOSABLE" not in found
    assert not any(name.startswith("cases.write.") for name in found)


def test_a_constant_is_replaced_wherever_it_was_imported_and_put_back() -> None:
    constant = constants()["evidence.place.PLACE_SHARE"]
    places = followers((constant.module, constant.name))
    assert ("stream.cases.roster", "PLACE_SHARE") in places
    assert ("stream.cases.judging", "PLACE_SHARE") in places

    def everywhere() -> set[float]:
        return {getattr(sys.modules[module], name) for module, name in places}

    before = constant.value
    with replaced(constant, before / 2):
        assert everywhere() == {before / 2}
    assert everywhere() == {before}


def test_what_was_worked_out_from_a_constant_is_worked_out_again() -> None:
    sigma, families = piece._OFFSET_SIGMA, hot._FAMILIES
    found = constants()
    with replaced(found["evidence.piece.TAIL_OFFSET"], 2 * piece.TAIL_OFFSET):
        assert sigma < piece._OFFSET_SIGMA
    with replaced(found["cases.hot._COUNTS"], 77.0):
        assert 77.0 in [nats for _, nats in hot._FAMILIES]
    assert sigma == piece._OFFSET_SIGMA
    assert families == hot._FAMILIES


def test_an_error_in_the_block_puts_it_back_too() -> None:
    before = hot._COUNTS
    with pytest.raises(RuntimeError), replaced(constants()["cases.hot._COUNTS"], 77.0):
        raise RuntimeError
    assert before == hot._COUNTS


def test_no_constant_is_read_where_it_cannot_be_replaced() -> None:
    """Defaults of functions and fields of classes are worked out once, at import."""
    places = {one for constant in constants().values() for one in followers((constant.module, constant.name))}
    read = {
        (name, node.id)
        for name, module in list(sys.modules.items())
        if name.startswith("stream.")
        for node in _once(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Name)
    }
    assert places & read == set()


def _once(tree: ast.Module) -> list[ast.AST]:
    parts: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            parts += [*node.args.defaults, *(value for value in node.args.kw_defaults if value)]
        elif isinstance(node, ast.ClassDef):
            fields = [s.value for s in node.body if isinstance(s, ast.AnnAssign | ast.Assign) and s.value]
            parts += [*node.bases, *fields]
    return [inner for part in parts for inner in ast.walk(part)]

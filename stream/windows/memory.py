"""The memory of a worker that decides: how many rows of each table its bytes have room for.

A limit in rows is the same wherever and however the events come, so the same budget lets the same rows go;
what a process happens to take is never looked at.
"""

from typing import Final

from stream.settings import Windows

PROCESS_BYTES: Final = 250_000_000
"""Python with its libraries, and what no limit of rows is for: learners, cases, the link history."""
SPARE: Final = 1.5
"""A table is copied while rows of it go, and the state is packed while a base of it is written."""
ACCOUNT_BYTES: Final = 1_600
"""With its profile at the links and five values that it used, tables a quarter empty."""
MEMBER_BYTES: Final = 450
"""A row of link and account, and the whole link where it has no other."""
EXCHANGE_BYTES: Final = 200
"""Its id, its turn and its body, kept and refused."""
HELD_BYTES: Final = 600
"""An event that waits for its time: 150 to 250 bytes, three times over while it is put in order."""
PIECE_BYTES: Final = 2_500
"""An event of the piece that is absorbed, and what a new account and its links are until rows go."""
PIECE: Final = 50_000
"""Events absorbed at once: two or three seconds of work, of which a hundredth is for the piece itself. Fewer
where they would take too much of the budget; a world with fewer a tick has its ticks whole."""
MEMBERS: Final = 8
EXCHANGES: Final = 4
HELD: Final = 4
"""To one account, of events those that wait for their time, or more where fewer rows are allowed."""
_ABSORBED: Final = 2
UNLIMITED: Final = 2**31 - 1
"""More rows than a table has slots for."""
_EACH: Final = ACCOUNT_BYTES + MEMBERS * MEMBER_BYTES + EXCHANGES * EXCHANGE_BYTES + HELD * HELD_BYTES
_EACH_OF_FEW: Final = _EACH + _ABSORBED * PIECE_BYTES


def within(windows: Windows) -> Windows:
    """The same with every limit of rows in force: as set, and no more than its budget has room for."""
    accounts = _accounts(windows) if windows.memory_mb else UNLIMITED
    room = {"max_accounts": 1, "max_members": MEMBERS, "max_exchanges": EXCHANGES}
    limits = {
        name: min(getattr(windows, name) or UNLIMITED, each * accounts, UNLIMITED)
        for name, each in room.items()
    }
    return windows.model_copy(update=limits)


def most_held(windows: Windows) -> int | None:
    """Events that may be held at once, in what the rows leave; None without a budget."""
    if not windows.memory_mb:
        return None
    limits = within(windows)
    rows = limits.max_accounts * ACCOUNT_BYTES + limits.max_members * MEMBER_BYTES
    rows += limits.max_exchanges * EXCHANGE_BYTES + piece(windows) * PIECE_BYTES
    return (_room(windows) - rows) // HELD_BYTES


def piece(windows: Windows) -> int:
    """Events that are absorbed at once."""
    return min(PIECE, _ABSORBED * _accounts(windows)) if windows.memory_mb else PIECE


def _accounts(windows: Windows) -> int:
    room = _room(windows)
    return max(room // _EACH_OF_FEW, (room - PIECE * PIECE_BYTES) // _EACH)


def _room(windows: Windows) -> int:
    """Bytes for rows and events held."""
    return int((1e6 * windows.memory_mb - PROCESS_BYTES) / SPARE)

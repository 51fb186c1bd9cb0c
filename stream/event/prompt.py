"""Raw prompts -> the hashes that the event keeps of them."""

from typing import Final, NamedTuple

import polars as pl

from stream.event.conversation import Message, answer, conversation
from stream.event.fields import SCHEMA
from stream.event.hashing import Hasher
from stream.event.simhash import Simhash
from stream.event.split import JsonObject

HEAD_CHARACTERS: Final = 256
"""Length of the head of a prompt: past any greeting, short of the date or folder that tools append."""


class Prompt(NamedTuple):
    """What is kept of a raw conversation; the names are the event's columns."""

    message_count: int | None = None
    prefix: int | None = None
    body: int | None = None
    simhash: int | None = None
    previous_turn: int | None = None
    next_turn: int | None = None


class Prompts:
    """Hashes raw conversations with the operator's key."""

    def __init__(self, hasher: Hasher) -> None:
        """Every hash is made with a key of `hasher`, one per column."""
        self._head = hasher.digest("prompt_prefix")
        self._body = hasher.digest("prompt")
        self._turn = hasher.digest("conversation")
        self._simhash = Simhash(hasher)

    def fill(self, columns: dict[str, pl.Series], raw: dict[int, JsonObject]) -> None:
        """Fills the nulls of the prompt's columns in the rows that have raw text."""
        if not raw:
            return
        prompts = {row: self.of(fields) for row, fields in raw.items()}
        for place, name in enumerate(Prompt._fields):
            values = columns[name].to_list()
            for row, prompt in prompts.items():
                if values[row] is None:
                    values[row] = prompt[place]
            columns[name] = pl.Series(values, dtype=SCHEMA[name])

    def of(self, fields: JsonObject) -> Prompt:
        """The hashes of raw `messages` (else `prompt`) and `answer`.

        `body` covers every message. `simhash` is of the last thing the user says. The turns are hashes
        of the conversation up to the last answer that the request repeats, and up to the answer that
        it got: the second of one request equals the first of the request that continues it. A request
        without history has no previous turn; one whose answer is not logged has no next.
        """
        found = fields.get("messages", fields.get("prompt"))
        if found is None or found == [] or found == "":
            return Prompt()
        messages = conversation(found)
        encoded = [message.encoded() for message in messages]
        history = _history(messages)
        given = fields.get("answer")
        after = None if given is None else self._turn(b"".join([*encoded, answer(given).encoded()]))
        return Prompt(
            message_count=len(messages),
            prefix=self._prefix(messages),
            body=self._body(b"".join(encoded)),
            simhash=self._simhash(_last_said(messages)),
            previous_turn=self._turn(b"".join(encoded[:history])) if history else None,
            next_turn=after,
        )

    def _prefix(self, messages: tuple[Message, ...]) -> int | None:
        """Head of the instructions; without any, head of the first message, if there is more of it.

        A short first message is all body: its head would say the same as the hash of the body.
        """
        first = messages[0]
        if first.role != "system" and len(first.text) <= HEAD_CHARACTERS:
            return None
        head = " ".join(first.text[:HEAD_CHARACTERS].split())
        return self._head(head.encode()) if head else None


def _history(messages: tuple[Message, ...]) -> int:
    """How many messages lead up to and include the last answer."""
    answers = [place for place, message in enumerate(messages, 1) if message.role == "assistant"]
    return answers[-1] if answers else 0


def _last_said(messages: tuple[Message, ...]) -> str:
    """The user's last words; of any speaker, where no user speaks."""
    said = [message.text for message in messages if message.text and message.role == "user"]
    return said[-1] if said else messages[-1].text

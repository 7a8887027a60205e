"""MLLP framing: bytes in, messages out, whatever the bytes are. Knows no socket and no clock.

A frame is ``0x0B message 0x1C 0x0D`` (HL7 transport specification MLLP release 1; IHE ITI TF-2, appendix
C). Senders deviate, so bytes before ``0x0B`` are skipped, ``0x1C`` alone or before a line feed ends a frame,
and a frame that another ``0x0B MSH`` interrupts is broken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

START, END = b"\x0b", b"\x1c"
_START, _END = START[0], END[0]
#: What may follow the end of a frame. A 0x1C in the midst of a segment before anything else is a stray
#: character: a message cut short there could be taken for a whole one.
_AFTER_END = b"\r\n\x0b\x1c"

#: The longest message that is read, in bytes.
MESSAGE_BYTES_MAX = 1 << 20
#: What is kept of a longer one, so that its sender can be answered by its own control ID.
HEAD_BYTES_MAX = 1 << 16

FrameFault = Literal["too-long", "broken-off", "unframed"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Frame:
    """What came between two frame characters: a message, or with ``fault`` what there is of one.

    ``size`` counts the bytes that came, of which ``content`` holds the first when it is too long.
    """

    content: bytes
    size: int
    fault: FrameFault | None = None


def framed(message: bytes) -> bytes:
    """A message as it is sent."""
    return START + message + END + b"\r"


class Framer:
    """Cuts what a peer sends into frames; holds at most one message, and of a longer one its head."""

    def __init__(self, *, bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._inside = False
        self._kept = bytearray()
        self._size = 0
        #: How much of ``_kept`` was searched for an end, so that a slow sender costs no second look.
        self._searched = 0

    @property
    def waits(self) -> bool:
        """Whether a message was begun, framed or not, that has not come to its end."""
        return self._inside or _looks_like_message(self._kept)

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that ``received`` brought to their end, in order."""
        self._kept += received
        self._size += len(received)
        frames: list[Frame] = []
        while (self._end_of_frame if self._inside else self._start_of_frame)(frames):
            pass
        self._shorten()
        return frames

    def broken_off(self) -> Frame | None:
        """What was begun, when nothing follows any more; None when there was nothing."""
        if not self.waits:
            return None
        return self._cut(len(self._kept), "broken-off" if self._inside else "unframed")

    def _start_of_frame(self, frames: list[Frame]) -> bool:
        """Skip to the next start; a message without one is told apart from bytes that mean nothing."""
        start = self._kept.find(_START)
        end = self._kept.find(_END, 0, start if start >= 0 else len(self._kept))
        if end >= 0:
            frame = self._cut(end, "unframed")
            self._drop(1)
            if _looks_like_message(frame.content):
                frames.append(frame)
            return True
        if start < 0:
            return False
        before = self._cut(start, "unframed")
        if _looks_like_message(before.content):
            frames.append(before)
        self._drop(1)
        self._inside = True
        return True

    def _end_of_frame(self, frames: list[Frame]) -> bool:
        """Cut at the end of the frame, or where the next one interrupts it."""
        while True:
            found = _first(self._kept, self._searched)
            if found < 0:
                self._searched = max(0, len(self._kept) - 3)
                return False
            following = self._kept[found + 1 : found + 4]
            if self._kept[found] == _END and self._ends(found):
                frames.append(self._cut(found, None))
                self._drop(1)
                self._inside = False
                return True
            if self._kept[found] == _START and len(following) < 3 and b"MSH".startswith(following):
                self._searched = found  # the next bytes tell
                return False
            if self._kept[found] == _START and following == b"MSH":
                frames.append(self._cut(found, "broken-off"))
                self._drop(1)
                return True
            self._searched = found + 1

    def _ends(self, place: int) -> bool:
        after_segment = place > 0 and self._kept[place - 1] in b"\r\n"
        return after_segment or place + 1 == len(self._kept) or self._kept[place + 1] in _AFTER_END

    def _cut(self, length: int, fault: FrameFault | None) -> Frame:
        """Take the first ``length`` kept bytes out as a frame."""
        size = self._size - (len(self._kept) - length)
        content = bytes(self._kept[:length])
        if size > self._bytes_max:
            fault, content = "too-long", content[:HEAD_BYTES_MAX]
        self._drop(length)
        self._size, self._searched = len(self._kept), 0
        return Frame(content=content, size=size, fault=fault)

    def _drop(self, count: int) -> None:
        del self._kept[:count]
        self._size = max(0, self._size - count)

    def _shorten(self) -> None:
        """Keep of what is too long its head and its last bytes, which may begin the end; of junk, nothing."""
        if self._inside:
            if self._size > self._bytes_max and len(self._kept) > HEAD_BYTES_MAX + 4:
                del self._kept[HEAD_BYTES_MAX:-3]
                self._searched = HEAD_BYTES_MAX
        elif not _looks_like_message(self._kept):
            self._drop(max(0, len(self._kept) - 2))
            self._size = len(self._kept)
        elif len(self._kept) > HEAD_BYTES_MAX:
            del self._kept[HEAD_BYTES_MAX:]


def _first(kept: bytearray, begin: int) -> int:
    """The place of the next frame character, -1 without one."""
    end = kept.find(_END, begin)
    start = kept.find(_START, begin, end if end >= 0 else len(kept))
    return start if start >= 0 else end


def _looks_like_message(content: bytes | bytearray) -> bool:
    return b"MSH" in content

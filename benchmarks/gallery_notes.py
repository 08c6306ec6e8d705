"""What a reader of the gallery's table should know about a result."""

from gallery_rows import Summary

# A share from which on a note is worth a line.
_LEAST = 0.1


def note_on(row: Summary) -> str:
    """Return the notes on a system in one setting, as measured; empty if there are none.

    The notes say what a simulated model cannot show: whoever asks it for a plan, a reflection or
    a principle gets a remark that says nothing.
    """
    notes: list[str] = []
    if row.unanswered >= _LEAST:
        notes.append(f"gives no answer to {row.unanswered:.0%}")
    if row.remarks >= _LEAST:
        notes.append(f"{row.remarks:.0%} of what it asks for are words, which say nothing here")
    return "; ".join(notes)

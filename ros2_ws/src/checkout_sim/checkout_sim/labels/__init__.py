"""Label art, drawn from a catalogue entry."""

"""Days: the working calendar and the due dates counted by it."""

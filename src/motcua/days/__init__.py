"""Days: the working calendar and the due dates that are counted with it."""

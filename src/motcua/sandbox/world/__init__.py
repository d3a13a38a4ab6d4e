"""What happened in a scenario: dossiers, their noise, the nights after, and the truth to compare with."""

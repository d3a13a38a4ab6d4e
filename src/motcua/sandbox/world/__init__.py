"""The events of a scenario: its dossiers, the noise records, the nights after it, and the expected counts."""

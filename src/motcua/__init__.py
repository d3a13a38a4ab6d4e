"""Consolidates the administrative-procedure reporting of Vietnamese provinces."""

"""Measures the real daemon as a child process. It prints figures beside floors, and never asserts."""

"""The hands: settles commands and facts in batches, and does what each task's next step asks for."""

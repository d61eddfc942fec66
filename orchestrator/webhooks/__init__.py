"""Events to programs that gave an address: signed as Standard Webhooks has it, at least once, tried again for hours."""

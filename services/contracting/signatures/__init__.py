"""What a returned convention holds: its pages beside those that were sent, its electronic signatures."""

"""The premium and the offer: pure decisions."""

"""Who asks: tokens that one service signs and every service verifies, for people and for services."""

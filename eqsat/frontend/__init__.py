"""From Python source to typed regions."""

"""All logic between the public calls and the wire, as generators that yield effects."""

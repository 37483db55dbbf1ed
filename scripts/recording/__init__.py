"""Records named scenarios as vcrpy cassettes, scrubs them before they reach the disk, and replays them."""

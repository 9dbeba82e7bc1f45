"""What keeps the house in order: set-up, house lint rules, generated pages, scaffolding."""

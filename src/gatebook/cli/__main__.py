"""`python -m gatebook.cli`, which is how our processes start one another."""

from gatebook.cli.main import main

if __name__ == "__main__":
    main()

"""`python -m castcheck`."""

from castcheck.cli import main

if __name__ == "__main__":
    main()

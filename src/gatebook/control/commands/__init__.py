"""One administrative command per file; the file is named like the command, the class in it too."""

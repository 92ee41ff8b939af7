"""Text as people export it: encodings, damaged characters, dates and numbers in many forms."""

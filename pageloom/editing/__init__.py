"""What editors are helped with: schemas for their editor, new rows and snippets, spreadsheets."""

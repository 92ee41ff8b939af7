"""Case logs: XES, MXML and XES in YAML."""

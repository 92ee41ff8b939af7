"""The simulation model: what it may say, its file, and how it is drawn as BPMN."""

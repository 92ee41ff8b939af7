"""Files of models: BPMN, PNML, PTML and the text of trees, read and written."""

"""Pictures of models: BPMN and Petri nets, alone or with what the records say about them."""

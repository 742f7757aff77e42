"""The frozen network in integers: its layers, its graph, and how a trained network becomes one."""

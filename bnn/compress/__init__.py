"""Making a trained network smaller: the methods of the literature as published, then on our networks.

As published, on float networks, where the cost is connections or channels: `layerwise` (differential evolution),
`damage` (optimal brain damage), `slimming` (scales of batch norm). On ours, where the cost is LUT sites: `smaller`.
"""

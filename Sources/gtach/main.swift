import GtachNode

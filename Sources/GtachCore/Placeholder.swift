import GtachModel

"""The words: what goes over the wire, as models, and the documents generated from them."""

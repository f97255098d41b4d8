//! Large directories: how entries become nodes, and how nodes are read and edited.

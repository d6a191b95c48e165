//! Bodies of the fuzz targets, here so that `cargo test` replays the corpus through the same code.

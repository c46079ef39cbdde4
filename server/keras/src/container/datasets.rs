use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use localization::text;

use super::hdf5::{DatasetProblem, Hdf5};
use crate::error::ErrorKind;
use crate::layers::{VariableId, WeightProblem, WeightSource};
use crate::limits;

/// Weights in the datasets of an HDF5 file.
pub(super) struct DatasetWeights {
    hdf5: Rc<dyn Hdf5>,
    datasets: HashMap<VariableId, String>,
    /// Bytes read so far, as `f32`.
    bytes: Cell<u64>,
}

impl DatasetWeights {
    /// Weights by the paths of their datasets; those that have none are missing.
    pub(super) fn new(hdf5: Rc<dyn Hdf5>, datasets: HashMap<VariableId, String>) -> Self {
        Self {
            hdf5,
            datasets,
            bytes: Cell::new(0),
        }
    }
}

impl WeightSource for DatasetWeights {
    fn read(&self, variable: VariableId, shape: &[usize]) -> Result<Vec<f32>, WeightProblem> {
        let Some(dataset) = self.datasets.get(&variable) else {
            return Err(WeightProblem::Described(text!("is missing")));
        };
        let bytes = shape
            .iter()
            .try_fold(4u64, |product, &extent| product.checked_mul(extent as u64))
            .and_then(|bytes| bytes.checked_add(self.bytes.get()))
            .filter(|&bytes| bytes <= limits::WEIGHT_BYTES);
        let Some(bytes) = bytes else {
            return Err(WeightProblem::Fatal(ErrorKind::Limit {
                what: text!("more weights"),
                limit: text!("{count} GiB", count = limits::WEIGHT_BYTES >> 30),
            }));
        };
        self.bytes.set(bytes);
        self.hdf5
            .read(dataset, shape)
            .map_err(|problem| match problem {
                DatasetProblem::Described(problem) => WeightProblem::Described(problem),
                DatasetProblem::Damaged(kind) => WeightProblem::Fatal(kind),
            })
    }
}

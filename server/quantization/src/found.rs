//! Ranges of activations and thresholds of kernels that were found before: models that are tried one
//! after the other differ in few tensors, and the search is most of the work.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use graph::{Constant, Op};

use crate::bias::mean_shift;
use crate::options::{ActivationSettings, ErrorMethod, WeightSettings};
use crate::parameters::ActivationParameters;
use crate::statistics::{ChannelMoments, TensorStatistics};
use crate::weights::{
    Grid, QuantizedKernel, importance, output_axis, output_channels, quantize_kernel, scales,
    thresholds,
};

/// Models that are quantized until what none of them needed is forgotten: it keeps kernels and
/// statistics in memory.
const KEPT: usize = 4;

/// Ranges and thresholds, kept from one model to the next.
#[derive(Debug, Default)]
pub struct FoundThresholds {
    /// Kernels, and the last model that needed each.
    kernels: Vec<(Arc<FoundKernel>, usize)>,
    ranges: Vec<Range>,
    /// Models begun.
    models: usize,
}

/// The range of an activation tensor.
#[derive(Debug)]
struct Range {
    statistics: Arc<TensorStatistics>,
    settings: ActivationSettings,
    parameters: ActivationParameters,
    used: usize,
}

/// What a layer asks for its kernel.
#[derive(Debug, Clone)]
pub(crate) struct KernelRequest {
    /// Kernels and statistics are compared by their place in memory, which nothing else takes while
    /// they are held here.
    pub(crate) kernel: Constant,
    pub(crate) op: Op,
    /// Those of the layer's input.
    pub(crate) statistics: Option<Arc<TensorStatistics>>,
    pub(crate) settings: WeightSettings,
    pub(crate) bias_correction: bool,
    /// Lower bounds for the scales of the output channels.
    pub(crate) smallest: Vec<f32>,
}

/// A kernel that has been quantized.
#[derive(Debug)]
pub(crate) struct FoundKernel {
    request: KernelRequest,
    thresholds: Vec<f64>,
    pub(crate) quantized: QuantizedKernel,
    /// By what rounding shifts the mean of each output channel, where biases make up for it.
    pub(crate) shift: Option<Vec<f64>>,
}

impl KernelRequest {
    /// Whether thresholds for another request serve this one, too.
    fn resembles(&self, other: &Self) -> bool {
        let same_statistics = match (&self.statistics, &other.statistics) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        self.kernel.as_ptr() == other.kernel.as_ptr()
            && self.kernel.shape() == other.kernel.shape()
            && self.op == other.op
            && self.settings == other.settings
            && self.bias_correction == other.bias_correction
            && same_statistics
    }

    /// Moments of the channels of the layer's input.
    fn moments(&self) -> Option<&ChannelMoments> {
        self.statistics.as_ref()?.channels.as_ref()
    }

    fn quantize(self, thresholds: Vec<f64>) -> FoundKernel {
        let quantized = quantize_kernel(
            &self.kernel,
            output_axis(&self.op),
            &thresholds,
            &self.smallest,
            &self.settings,
        );
        let moments = self.moments().filter(|_| self.bias_correction);
        let shift = moments
            .and_then(|seen| mean_shift(&self.op, &quantized.errors(&self.kernel), &seen.means));
        FoundKernel {
            request: self,
            thresholds,
            quantized,
            shift,
        }
    }

    fn search(&self, cancelled: &AtomicBool) -> Option<Vec<f64>> {
        // Nothing is weighed where nothing is searched.
        let weighs =
            self.settings.activation_aware && self.settings.error_method != ErrorMethod::NoClipping;
        let moments = self.moments().filter(|_| weighs);
        let (shape, is_corrected) = (self.kernel.shape(), self.bias_correction);
        let importance =
            moments.and_then(|moments| importance(&self.op, shape, moments, is_corrected));
        thresholds(
            &output_channels(&self.kernel, output_axis(&self.op)),
            importance.as_deref(),
            Grid::TFLITE,
            &self.settings,
            cancelled,
        )
    }
}

impl FoundThresholds {
    /// Another model begins.
    pub(crate) fn begin(&mut self) {
        self.models += 1;
        let models = self.models;
        self.kernels.retain(|(_, used)| used + KEPT > models);
        self.ranges.retain(|range| range.used + KEPT > models);
    }

    /// The range of a tensor, if it was found before.
    pub(crate) fn range(
        &self,
        statistics: &Arc<TensorStatistics>,
        settings: &ActivationSettings,
    ) -> Option<ActivationParameters> {
        let same = |range: &&Range| {
            Arc::ptr_eq(&range.statistics, statistics) && range.settings == *settings
        };
        self.ranges.iter().find(same).map(|range| range.parameters)
    }

    /// Keeps the ranges that a model needed.
    pub(crate) fn keep_ranges(
        &mut self,
        needed: Vec<(
            Arc<TensorStatistics>,
            ActivationSettings,
            ActivationParameters,
        )>,
    ) {
        for (statistics, settings, parameters) in needed {
            let same = |range: &&mut Range| {
                Arc::ptr_eq(&range.statistics, &statistics) && range.settings == settings
            };
            match self.ranges.iter_mut().find(same) {
                Some(range) => range.used = self.models,
                None => self.ranges.push(Range {
                    statistics,
                    settings,
                    parameters,
                    used: self.models,
                }),
            }
        }
    }

    /// A quantized kernel; `None` when `cancelled` was set.
    pub(crate) fn kernel(
        &self,
        request: KernelRequest,
        cancelled: &AtomicBool,
    ) -> Option<Arc<FoundKernel>> {
        let mut alike = self
            .kernels
            .iter()
            .filter(|(found, _)| found.request.resembles(&request));
        let Some((found, _)) = alike.next() else {
            let thresholds = request.search(cancelled)?;
            return Some(Arc::new(request.quantize(thresholds)));
        };
        let same = |found: &FoundKernel| {
            scales(&found.thresholds, &request.smallest)
                == scales(&found.thresholds, &found.request.smallest)
        };
        match same(found) {
            true => Some(found.clone()),
            false => Some(Arc::new(request.quantize(found.thresholds.clone()))),
        }
    }

    /// Keeps a kernel that a model needed.
    pub(crate) fn keep_kernel(&mut self, kernel: Arc<FoundKernel>) {
        let models = self.models;
        let known = self
            .kernels
            .iter_mut()
            .find(|(found, _)| Arc::ptr_eq(found, &kernel));
        match known {
            Some((_, used)) => *used = models,
            None => self.kernels.push((kernel, models)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_searched_once_and_forgotten_when_nothing_needs_it() {
        let kernel = Constant::from_elem(vec![2, 1, 1, 3], 0.5);
        let other = Constant::from_elem(vec![2, 1, 1, 3], 0.25);
        let (running, stopped) = (AtomicBool::new(false), AtomicBool::new(true));
        let mut found = FoundThresholds::default();
        let mut of = |kernel: &Constant, smallest: f32, cancelled: &AtomicBool, models: usize| {
            (0..models).for_each(|_| found.begin());
            let request = KernelRequest {
                kernel: kernel.clone(),
                op: Op::FullyConnected,
                statistics: None,
                settings: WeightSettings::default(),
                bias_correction: true,
                smallest: vec![smallest; 2],
            };
            let kernel = found.kernel(request, cancelled)?;
            found.keep_kernel(kernel.clone());
            Some(kernel.quantized.scales.clone())
        };
        assert_eq!(
            of(&kernel, 0.0, &stopped, 1),
            None,
            "a search that is cancelled"
        );
        let first = of(&kernel, 0.0, &running, 1);
        assert!(first.is_some());
        // Nothing is searched, so nothing can be cancelled.
        assert_eq!(of(&kernel, 0.0, &stopped, 1), first);
        assert_eq!(of(&kernel, 0.5, &stopped, 0), Some(vec![0.5; 2]));
        assert_eq!(of(&other, 0.0, &stopped, 0), None);
        assert_ne!(of(&other, 0.0, &running, 0), first);
        assert_eq!(of(&kernel, 0.0, &stopped, KEPT), None);
    }
}

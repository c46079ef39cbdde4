//! What a kernel reads for one output position, as a vector in the order of its weights.

use graph::{Graph, Node, Op, Padding, Window, same_padding};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::sampling::choose;

/// Where the patches of a layer lie in its input, and its weights in the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PatchLayout {
    /// Height, width and channels of the input.
    input: [usize; 3],
    /// Height and width of the output.
    positions: [usize; 2],
    /// Height and width of the kernel.
    taps: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    /// Padding above and to the left.
    before: [usize; 2],
    /// Input channels that one output channel reads.
    channels: usize,
    outputs: usize,
    /// Distance in the kernel between the weights of an output channel.
    step: usize,
}

impl PatchLayout {
    /// `None` for operators that do not read patches: those without a kernel or with an empty one, and
    /// transposed convolutions, which write patches.
    pub(crate) fn of(graph: &Graph, node: &Node) -> Option<Self> {
        let input = graph.shape(node.input());
        let kernel = graph.kernel(node)?.shape();
        let positions = graph.shape(node.output);
        let is_empty = [input, kernel, positions].concat().contains(&0);
        match (&node.op, input, kernel, positions) {
            _ if is_empty => None,
            (Op::FullyConnected, _, &[outputs, channels], _) => {
                let rows = input.iter().product::<usize>() / channels;
                Some(Self {
                    channels,
                    outputs,
                    ..Self::windows([1, rows, channels], [1, rows], [1, 1], Window::UNIT)
                })
            }
            (
                Op::Conv2d { window, .. },
                &[1, height, width, all],
                &[outputs, high, wide, channels],
                &[_, rows, columns, _],
            ) => Some(Self {
                channels,
                outputs,
                ..Self::windows([height, width, all], [rows, columns], [high, wide], *window)
            }),
            (
                Op::DepthwiseConv2d { window, .. },
                &[1, height, width, all],
                &[_, high, wide, outputs],
                &[_, rows, columns, _],
            ) => Some(Self {
                outputs,
                step: outputs,
                ..Self::windows([height, width, all], [rows, columns], [high, wide], *window)
            }),
            _ => None,
        }
    }

    /// A layout with a single channel in and out.
    fn windows(input: [usize; 3], positions: [usize; 2], taps: [usize; 2], window: Window) -> Self {
        let (stride, dilation) = (window.stride, window.dilation);
        Self {
            input,
            positions,
            taps,
            stride,
            dilation,
            before: match window.padding {
                Padding::Valid => [0, 0],
                Padding::Same => [
                    same_padding(input[0], taps[0], stride[0], dilation[0]).0,
                    same_padding(input[1], taps[1], stride[1], dilation[1]).0,
                ],
            },
            channels: 1,
            outputs: 1,
            step: 1,
        }
    }

    /// Length of a patch.
    pub(crate) fn size(&self) -> usize {
        self.taps[0] * self.taps[1] * self.channels
    }

    /// Channels of the input.
    pub(crate) fn channels(&self) -> usize {
        self.input[2]
    }

    /// Groups of input channels that different output channels read.
    pub(crate) fn groups(&self) -> usize {
        self.input[2] / self.channels
    }

    /// Entries of the matrices of all groups.
    pub(crate) fn entries(&self) -> usize {
        let size = self.size();
        size.saturating_mul(size).saturating_mul(self.groups())
    }

    /// Entries of the matrices, and numbers in so many patches of all groups.
    pub(crate) fn numbers(&self, patches: usize) -> usize {
        let patch = self.size().saturating_mul(self.groups());
        self.entries().saturating_add(patch.saturating_mul(patches))
    }

    /// Number of output channels.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The group that an output channel reads.
    pub(crate) fn group_of(&self, output: usize) -> usize {
        output / (self.outputs / self.groups())
    }

    /// Where the weights of an output channel are in the kernel, in the order of its patches.
    pub(crate) fn places(&self, output: usize) -> impl Iterator<Item = usize> + use<> {
        let (size, step) = (self.size(), self.step);
        (0..size).map(move |tap| match step {
            1 => output * size + tap,
            step => tap * step + output,
        })
    }

    /// The weights of an output channel, in the order of its patches, out of all in the kernel; `None`
    /// where those are too few.
    pub(crate) fn weights_of<T: Copy>(&self, output: usize, all: &[T]) -> Option<Vec<T>> {
        let places = self.places(output);
        places.map(|place| all.get(place).copied()).collect()
    }

    /// At most `count` output positions, in order, drawn from a stream of the seed.
    pub(crate) fn draw(&self, count: usize, seed: u64, stream: u64) -> Vec<usize> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        let all = self.positions[0] * self.positions[1];
        let mut drawn = choose(&mut generator, all, count.min(all));
        drawn.sort_unstable();
        drawn
    }

    /// The patches at output positions, all of one group behind each other, less the means of
    /// their channels. Nothing where the values are not those of the input.
    pub(crate) fn patches(&self, values: &[f32], means: &[f64], positions: &[usize]) -> Vec<f32> {
        let [height, width, all] = self.input;
        if values.len() != height * width * all || means.len() != all {
            return Vec::new();
        }
        let taps: usize = self.taps.iter().product();
        let mut patches = Vec::with_capacity(positions.len() * self.size() * self.groups());
        let groups = means.chunks_exact(self.channels).enumerate();
        for (group, means) in groups {
            let first = group * self.channels;
            for &position in positions {
                for tap in 0..taps {
                    let pixel = self.pixel(position, tap);
                    match pixel.and_then(|pixel| values.get(pixel * all + first..)) {
                        Some(read) => {
                            let less = |(value, mean): (&f32, &f64)| value - *mean as f32;
                            patches.extend(read.iter().zip(means).map(less));
                        }
                        None => patches.extend(means.iter().map(|&mean| -mean as f32)),
                    }
                }
            }
        }
        patches
    }

    /// The pixel that a tap of the kernel reads for an output position; `None` in the padding.
    fn pixel(&self, position: usize, tap: usize) -> Option<usize> {
        let [height, width, _] = self.input;
        let row = position / self.positions[1] * self.stride[0];
        let column = position % self.positions[1] * self.stride[1];
        let y = row + tap / self.taps[1] * self.dilation[0];
        let x = column + tap % self.taps[1] * self.dilation[1];
        let y = y.checked_sub(self.before[0]).filter(|&y| y < height)?;
        let x = x.checked_sub(self.before[1]).filter(|&x| x < width)?;
        Some(y * width + x)
    }
}

//! Bounds of what a draft computes, whatever its weights are.

use graph::{Activation, BinaryOp, Op, ReduceOp};

use crate::draft::{Content, Draft, Entry, Step, ValueId};

/// Rounding that bounds allow for.
const TOLERANCE: f64 = 1e-4;

/// All values lie from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Interval {
    /// Nothing is known.
    pub(super) const ALL: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    /// Probabilities.
    pub(super) const UNIT: Self = Self {
        low: 0.0,
        high: 1.0,
    };

    /// Always one.
    pub(super) const ONE: Self = Self {
        low: 1.0,
        high: 1.0,
    };

    const POSITIVE: Self = Self {
        low: 0.0,
        high: f64::INFINITY,
    };

    pub(super) fn is_within(self, other: Self) -> bool {
        self.low >= other.low - TOLERANCE && self.high <= other.high + TOLERANCE
    }

    /// The least interval with all of these; an undefined bound is none.
    fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let mut hull = Self {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        };
        for value in values {
            if value.is_nan() {
                return Self::ALL;
            }
            hull.low = hull.low.min(value);
            hull.high = hull.high.max(value);
        }
        match hull.low <= hull.high {
            true => hull,
            false => Self::ALL,
        }
    }

    /// What a function that never falls makes of it.
    fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self::around([function(self.low), function(self.high)])
    }

    fn and(self, other: Self) -> Self {
        Self::around([self.low, self.high, other.low, other.high])
    }

    /// What a function of two numbers makes of it that is greatest and least at the corners.
    fn corners(self, other: Self, function: impl Fn(f64, f64) -> f64) -> Self {
        let ends = [self.low, self.high];
        let pairs = ends.map(|a| [function(a, other.low), function(a, other.high)]);
        Self::around(pairs.into_iter().flatten())
    }
}

/// The bounds of a value of a draft.
pub(super) fn of(draft: &Draft, id: ValueId) -> Interval {
    let live = draft.live(&[id]);
    let mut intervals = Vec::with_capacity(draft.entries().len());
    for (entry, live) in draft.entries().iter().zip(live) {
        let interval = match live {
            true => of_entry(draft, entry, &intervals),
            false => Interval::ALL,
        };
        intervals.push(interval);
    }
    let found = intervals.get(Draft::position(id));
    found.copied().unwrap_or(Interval::ALL)
}

fn of_entry(draft: &Draft, entry: &Entry, intervals: &[Interval]) -> Interval {
    let at = |id: &ValueId| {
        let interval = intervals.get(Draft::position(*id));
        interval.copied().unwrap_or(Interval::ALL)
    };
    match &entry.content {
        Content::Constant(Some(constant)) => {
            Interval::around(constant.iter().map(|&value| f64::from(value)))
        }
        Content::Node {
            step: Step::Op(op),
            inputs,
        } => {
            let operands: Vec<Interval> = inputs.iter().map(at).collect();
            let last = inputs.first().and_then(|&input| draft.shape(input).last());
            match (op, operands.as_slice()) {
                (Op::Softmax, _) if last == Some(&1) => Interval::ONE,
                (Op::Softmax, _) => Interval::UNIT,
                (op, [x]) => of_one(op, *x),
                (Op::Binary(op), &[a, b]) => of_two(*op, a, b),
                (Op::Concatenate { .. }, [first, others @ ..]) => {
                    others.iter().fold(*first, |hull, &other| hull.and(other))
                }
                _ => Interval::ALL,
            }
        }
        _ => Interval::ALL,
    }
}

fn of_one(op: &Op, x: Interval) -> Interval {
    match op {
        Op::Activation(function) => activation(*function, x),
        Op::MaxPool2d(_)
        | Op::AveragePool2d(_)
        | Op::Slice { .. }
        | Op::Resize { .. }
        | Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Convert
        | Op::Reduce {
            kind: ReduceOp::Mean | ReduceOp::Max | ReduceOp::Min,
            ..
        } => x,
        Op::Reduce {
            kind: ReduceOp::Sum,
            ..
        } if x.low >= 0.0 => Interval::POSITIVE,
        Op::Pad { value, .. } => x.and(Interval::around([f64::from(*value)])),
        _ => Interval::ALL,
    }
}

fn activation(function: Activation, x: Interval) -> Interval {
    match function {
        Activation::Relu => x.map(|value| value.max(0.0)),
        Activation::Relu6 => x.map(|value| value.clamp(0.0, 6.0)),
        Activation::Sigmoid => Interval::UNIT,
        Activation::Tanh => Interval {
            low: -1.0,
            high: 1.0,
        },
        Activation::Elu => x.map(|value| value.max(value.exp_m1().min(0.0))),
        Activation::Exp => x.map(f64::exp),
        Activation::Sqrt if x.low >= 0.0 => x.map(f64::sqrt),
        Activation::Sqrt | Activation::Rsqrt => Interval::POSITIVE,
        Activation::Negate => Interval {
            low: -x.high,
            high: -x.low,
        },
        Activation::Abs | Activation::Square if x.low >= 0.0 => {
            x.corners(x, |a, b| match function {
                Activation::Square => a * b,
                _ => a,
            })
        }
        Activation::Abs | Activation::Square => Interval::POSITIVE,
        Activation::LeakyRelu { .. }
        | Activation::Swish
        | Activation::HardSwish
        | Activation::Gelu { .. }
        | Activation::Log => Interval::ALL,
    }
}

fn of_two(op: BinaryOp, a: Interval, b: Interval) -> Interval {
    match op {
        BinaryOp::Add => a.corners(b, |a, b| a + b),
        BinaryOp::Subtract => a.corners(b, |a, b| a - b),
        BinaryOp::Multiply => a.corners(b, |a, b| a * b),
        // Near zero, quotients know no bounds.
        BinaryOp::Divide if b.low > 0.0 || b.high < 0.0 => a.corners(b, |a, b| a / b),
        BinaryOp::Divide => Interval::ALL,
        BinaryOp::Maximum => a.corners(b, f64::max),
        BinaryOp::Minimum => a.corners(b, f64::min),
    }
}

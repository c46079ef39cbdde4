//! Runs numbered pieces of work on several threads and takes in their results in order, so that
//! sums come out the same on any number of threads.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::context::Context;
use crate::error::JobError;

/// Results that may wait for their turn, for each thread.
const WINDOW: usize = 2;

/// How long a worker that is too far ahead sleeps before it looks again.
const PAUSE: Duration = Duration::from_millis(1);

/// How often the consuming thread wakes without news, to notice a cancellation.
const WAKE: Duration = Duration::from_millis(100);

/// Runs `work(worker, index)` for every index below `count` on `threads` threads, each with a
/// worker of its own from `make_worker`, and calls `consume(index, result)` on this thread in
/// ascending order of indices. `tick` is called on this thread at least every tenth of a second.
///
/// No worker gets further ahead of `consume` than two results a thread, so memory is bounded.
///
/// # Errors
/// The error of the lowest index that failed, [`JobError::Cancelled`] when `cancelled` is set, or
/// the first error of `consume`.
pub(crate) fn run_in_order<W, R: Send>(
    count: usize,
    threads: usize,
    cancelled: &AtomicBool,
    make_worker: impl Fn() -> Result<W, JobError> + Sync,
    work: impl Fn(&mut W, usize) -> Result<R, JobError> + Sync,
    mut tick: impl FnMut(),
    mut consume: impl FnMut(usize, R) -> Result<(), JobError>,
) -> Result<(), JobError> {
    let next = AtomicUsize::new(0);
    let consumed = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let threads = threads.clamp(1, count.max(1));
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel::<(usize, Result<R, JobError>)>(threads);
        let mut started = 0;
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, consumed, stop) = (&next, &consumed, &stop);
            let (make_worker, work) = (&make_worker, &work);
            let body = move || {
                let mut worker = None;
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let stopped =
                        || stop.load(Ordering::Relaxed) || cancelled.load(Ordering::Relaxed);
                    while index >= consumed.load(Ordering::Relaxed) + WINDOW * threads && !stopped()
                    {
                        std::thread::sleep(PAUSE);
                    }
                    if index >= count || stopped() {
                        break;
                    }
                    // A panic must reach the consumer, which would wait for this index for ever.
                    let result = catch_unwind(AssertUnwindSafe(|| match &mut worker {
                        Some(worker) => work(worker, index),
                        None => make_worker().and_then(|made| work(worker.insert(made), index)),
                    }));
                    let result = result.unwrap_or(Err(JobError::Panicked));
                    if sender.send((index, result)).is_err() {
                        break;
                    }
                }
            };
            match std::thread::Builder::new().spawn_scoped(scope, body) {
                Ok(_) => started += 1,
                // Fewer threads do the same work.
                Err(_) => break,
            }
        }
        drop(sender);
        if started == 0 {
            return Err(JobError::NoThreads);
        }
        let outcome = take_in_order(
            &receiver,
            count,
            cancelled,
            &mut tick,
            &mut |index, result| {
                consumed.store(index + 1, Ordering::Relaxed);
                consume(index, result)
            },
        );
        // Workers that wait for room in the channel must not wait for ever.
        stop.store(true, Ordering::Relaxed);
        drop(receiver);
        outcome
    })
}

/// Runs `work(worker, result, index, item)` for every item, as [`run_in_order`] does. Each `group` of
/// items begins a result with `start`, and the results come to `take(number, result)` in order. Every
/// item is a step of the stage that is told, and asks whether the job is cancelled.
///
/// # Errors
/// As of [`run_in_order`].
pub(crate) fn run_in_groups<T: Sync, W, R: Send>(
    items: &[T],
    group: usize,
    make_worker: impl Fn() -> Result<W, JobError> + Sync,
    start: impl Fn() -> R + Sync,
    work: impl Fn(&mut W, &mut R, usize, &T) -> Result<(), JobError> + Sync,
    take: impl FnMut(usize, R) -> Result<(), JobError>,
    context: &mut Context,
) -> Result<(), JobError> {
    let group = group.max(1);
    let groups: Vec<&[T]> = items.chunks(group).collect();
    let done = AtomicUsize::new(0);
    let cancellation = context.cancellation.clone();
    run_in_order(
        groups.len(),
        context.threads,
        cancellation.flag(),
        make_worker,
        |worker, number| {
            let mut result = start();
            for (position, item) in groups[number].iter().enumerate() {
                if cancellation.is_cancelled() {
                    return Err(JobError::Cancelled);
                }
                work(worker, &mut result, number * group + position, item)?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(result)
        },
        || context.progress(done.load(Ordering::Relaxed)),
        take,
    )
}

fn take_in_order<R>(
    receiver: &mpsc::Receiver<(usize, Result<R, JobError>)>,
    count: usize,
    cancelled: &AtomicBool,
    tick: &mut impl FnMut(),
    consume: &mut impl FnMut(usize, R) -> Result<(), JobError>,
) -> Result<(), JobError> {
    let mut waiting = BTreeMap::new();
    let mut expected = 0;
    while expected < count {
        if cancelled.load(Ordering::Relaxed) {
            return Err(JobError::Cancelled);
        }
        match receiver.recv_timeout(WAKE) {
            Ok((index, result)) => {
                waiting.insert(index, result);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(JobError::Cancelled),
        }
        while let Some(result) = waiting.remove(&expected) {
            consume(expected, result?)?;
            expected += 1;
        }
        tick();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(count: usize, threads: usize, fail_at: Option<usize>) -> (Vec<usize>, Option<String>) {
        let cancelled = AtomicBool::new(false);
        let mut seen = Vec::new();
        let result = run_in_order(
            count,
            threads,
            &cancelled,
            || Ok(()),
            |(), index| {
                // The first pieces take longest, so results arrive out of order.
                std::thread::sleep(Duration::from_micros(((count - index) * 20) as u64));
                if Some(index) == fail_at {
                    return Err(JobError::NotQuantized {
                        path: index.to_string().into(),
                    });
                }
                Ok(index * 10)
            },
            || {},
            |index, value| {
                assert_eq!(value, index * 10);
                seen.push(index);
                Ok(())
            },
        );
        (seen, result.err().map(|error| error.to_string()))
    }

    #[test]
    fn results_come_in_order() {
        for threads in [1, 2, 5] {
            assert_eq!(run(40, threads, None), ((0..40).collect(), None));
        }
        assert_eq!(run(0, 3, None), (Vec::new(), None));
    }

    #[test]
    fn the_first_failure_ends_the_run() {
        for threads in [1, 2, 5] {
            let (seen, error) = run(40, threads, Some(7));
            assert_eq!(seen, (0..7).collect::<Vec<_>>());
            assert!(error.unwrap().contains("\"7\""));
        }
    }

    #[test]
    fn a_panic_ends_the_run() {
        for threads in [1, 2, 5] {
            let result = run_in_order(
                40,
                threads,
                &AtomicBool::new(false),
                || Ok(()),
                |(), index| {
                    if index == 3 {
                        panic!("on purpose")
                    } else {
                        Ok(index)
                    }
                },
                || {},
                |_, _| Ok(()),
            );
            assert!(matches!(result, Err(JobError::Panicked)));
        }
    }

    #[test]
    fn cancelling_ends_the_run_soon() {
        let cancelled = AtomicBool::new(false);
        let mut seen = 0;
        let result = run_in_order(
            1_000_000,
            2,
            &cancelled,
            || Ok(()),
            |(), index| Ok(index),
            || {},
            |_, _| {
                seen += 1;
                if seen == 100 {
                    cancelled.store(true, Ordering::Relaxed);
                }
                Ok(())
            },
        );
        assert!(matches!(result, Err(JobError::Cancelled)));
        assert!(seen < 1_000);
    }
}

//! `CONTRIBUTING.md` names files that there are.

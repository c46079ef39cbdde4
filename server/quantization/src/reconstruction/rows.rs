/// What a layer reads at some output positions, and what it should make of it before its clamp.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// For each group of input channels its patches, one behind the other.
    pub(super) patches: Vec<Vec<f32>>,
    /// All output channels of each position.
    pub(super) targets: Vec<f32>,
}

impl Rows {
    /// Adds the rows of an image.
    pub(super) fn add(&mut self, rows: &Rows) {
        let groups = rows.patches.len().max(self.patches.len());
        self.patches.resize(groups, Vec::new());
        for (all, new) in self.patches.iter_mut().zip(&rows.patches) {
            all.extend(new);
        }
        self.targets.extend(&rows.targets);
    }
}

//! What students ask for: short and long, with and without the atlas's own words.

/// Queries of the measurement, each asked in turn.
pub(super) const QUERIES: &[&str] = &[
    "axial brain MRI",
    "shoulder MRI",
    "chest X-ray",
    "brain thalamus axial",
    "retina fundus photograph",
    "H&E stained skin",
    "liver lesion on MRI",
    "Doppler ultrasound of a vessel",
    "bone scan of the whole body",
    "tibia radiograph",
    "head CT bone window",
    "pelvis ultrasound",
    "where is the hippocampus",
    "coronal cut through both lateral ventricles",
    "sagittal midline corpus callosum",
    "cerebellum and brain stem from the side",
    "what does the caudate nucleus look like",
    "putamen and pallidum",
    "insular cortex",
    "optic disc and macula",
    "microaneurysms in the eye",
    "echocardiogram with colour flow",
    "colon glands immunohistochemistry",
    "cell nuclei under the fluorescence microscope",
    "pancreas on a CT",
    "lumbar vertebra",
    "perfusion map of the brain",
    "occipital lobe",
    "frontal pole, axial plane",
    "amygdala coronal T1",
    "precuneus",
    "temporal gyrus superior part",
    "left and right lungs on a frontal film",
    "heart shadow and diaphragm",
    "rotator cuff",
    "gray matter and white matter contrast",
    "picture of a joint for my anatomy exam",
    "something with a tumour in it",
    "tissue section with epidermis and dermis",
    "lymph node",
    "nuclear medicine",
    "which picture shows the knee",
    "cross-section at the level of the basal ganglia",
    "Schnittbild vom Gehirn",
    "cerebro corte coronal",
    "fractured bone of the leg",
    "whole-body imaging with a radioactive tracer",
    "slice just above the eyes",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_enough_different_queries() {
        let different: HashSet<_> = QUERIES.iter().collect();
        assert!(different.len() >= 40);
        assert_eq!(different.len(), QUERIES.len());
    }
}

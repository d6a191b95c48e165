//! A policy file as read, before its statements are held against each other.

use plan::{
    Aggregate, Audience, Changes, Collect, Controller, Cookie, Disclose, FieldId, Handover, Never, Note, Parts,
    Process, Promise, Recipient, Refuse, Rights, Says, Source, Surface, Transfer,
};

use crate::problem::Span;

/// A statement and where it stands.
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    /// The node's name.
    pub(crate) span: Span,
    /// One for each field that the statement names.
    pub(crate) fields: Vec<(FieldId, Span)>,
    /// Where its surfaces are named.
    pub(crate) surface: Span,
}

/// A statement of which a policy has one.
pub(crate) struct Heading<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
    pub(crate) says: Says,
}

/// Everything that was read.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) date: Option<String>,
    pub(crate) controller: Option<Heading<Controller>>,
    pub(crate) surfaces: Option<Heading<Vec<Surface>>>,
    pub(crate) audience: Option<Heading<Audience>>,
    pub(crate) rights: Option<Heading<Rights>>,
    pub(crate) changes: Option<Heading<Changes>>,
    pub(crate) promises: Vec<Placed<Promise>>,
    pub(crate) collects: Vec<Placed<Collect>>,
    pub(crate) processes: Vec<Placed<Process>>,
    pub(crate) refuses: Vec<Placed<Refuse>>,
    pub(crate) cookies: Vec<Placed<Cookie>>,
    pub(crate) recipients: Vec<Placed<Recipient>>,
    pub(crate) discloses: Vec<Placed<Disclose>>,
    pub(crate) releases: Vec<Placed<Aggregate>>,
    pub(crate) nevers: Vec<Placed<(Never, Says)>>,
    pub(crate) sources: Vec<Placed<Source>>,
    pub(crate) transfers: Vec<Placed<Transfer>>,
    pub(crate) handovers: Vec<Placed<Handover>>,
    pub(crate) notes: Vec<Placed<Note>>,
}

impl Draft {
    /// The parts of the plan; `None` while a heading is missing.
    pub(crate) fn into_parts(self) -> Option<Parts> {
        fn values<T>(placed: Vec<Placed<T>>) -> Vec<T> {
            placed.into_iter().map(|placed| placed.value).collect()
        }
        let (controller, surfaces, audience) = (self.controller?, self.surfaces?, self.audience?);
        let (rights, changes) = (self.rights?, self.changes?);
        let heading_says = [
            ("controller", controller.says),
            ("surfaces", surfaces.says),
            ("audience", audience.says),
            ("rights", rights.says),
            ("changes", changes.says),
        ];
        Some(Parts {
            name: self.name,
            version: self.version,
            controller: controller.value,
            surfaces: surfaces.value.into_iter().collect(),
            audience: audience.value,
            rights: rights.value,
            changes: changes.value,
            heading_says: heading_says.into_iter().filter(|(_, says)| !says.is_empty()).collect(),
            promises: values(self.promises),
            collects: values(self.collects),
            processes: values(self.processes),
            refuses: values(self.refuses),
            cookies: values(self.cookies),
            recipients: values(self.recipients),
            discloses: values(self.discloses),
            releases: values(self.releases),
            nevers: values(self.nevers),
            sources: values(self.sources),
            transfers: values(self.transfers),
            handovers: values(self.handovers),
            notes: values(self.notes),
        })
    }
}

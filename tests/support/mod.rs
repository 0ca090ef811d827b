//! The one harness of the journeys.

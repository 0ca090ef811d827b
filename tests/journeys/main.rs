//! Journeys over real HTTP.

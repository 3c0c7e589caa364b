// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <genu/phantom/knee.h>

#include "model.h"

namespace genu::phantom {

struct Knee::Representation {
  Model model;
};

const Model& model_of(const Knee& knee) {
  return knee.representation_->model;
}

Knee::Knee(const KneeOptions& options)
    : representation_(std::make_unique<const Representation>(Representation{Model(options)})) {}
Knee::~Knee() = default;
Knee::Knee(Knee&&) noexcept = default;
Knee& Knee::operator=(Knee&&) noexcept = default;

const KneeOptions& Knee::options() const {
  return model_of(*this).options();
}

const KneeFrame& Knee::frame() const {
  return model_of(*this).frame();
}

Tissue Knee::tissue_at(const Point3& p) const {
  const Model& model = model_of(*this);
  return model.spot(model.to_model(p)).tissue;
}

double Knee::bone_distance_mm(Bone bone, const Point3& p) const {
  const Model& model = model_of(*this);
  return options().scale * model.surface(bone).nearest(model.to_model(p)).distance;
}

Point3 Knee::closest_on_bone(Bone bone, const Point3& p) const {
  const Model& model = model_of(*this);
  return model.to_patient(model.surface(bone).nearest(model.to_model(p)).point);
}

Vector3 Knee::bone_normal(Bone bone, const Point3& on_surface) const {
  const Model& model = model_of(*this);
  return model.direction_to_patient(model.surface(bone).normal(model.to_model(on_surface)));
}

std::optional<Plate> Knee::plate_at(Bone bone, const Point3& on_surface) const {
  const Model& model = model_of(*this);
  const Vector3 q = model.to_model(on_surface);
  for (const Plate plate : all_plates)
    if (bone_of(plate) == bone && model.layer(plate).inside(q) > 0.0) return plate;
  return std::nullopt;
}

std::optional<double> Knee::thickness_mm(Bone bone, const Point3& on_surface) const {
  const std::optional<Plate> plate = plate_at(bone, on_surface);
  if (!plate) return std::nullopt;
  const Model& model = model_of(*this);
  return options().scale * model.layer(*plate).thickness(model.to_model(on_surface));
}

}  // namespace genu::phantom

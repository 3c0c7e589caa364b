// SPDX-License-Identifier: Apache-2.0
#include "dicom_codestream.h"

#include <string>

#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include "dicom_attributes.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

/// Returns the fragments in their order, without the offset table.
std::vector<Bytes> fragments_of(DcmDataset& dataset, const PixelLayout& layout) {
  DcmPixelData* pixels = pixels_of(dataset);
  DcmPixelSequence* sequence = nullptr;
  if (pixels == nullptr ||
      pixels->getEncapsulatedRepresentation(dataset.getOriginalXfer(), nullptr, sequence).bad() ||
      sequence == nullptr || sequence->card() == 0)
    refuse_pixels(layout, "there are none");
  std::vector<Bytes> fragments;
  DcmObject* item = sequence->nextInContainer(nullptr);
  while ((item = sequence->nextInContainer(item)) != nullptr) {
    Uint8* bytes = nullptr;
    auto* fragment = static_cast<DcmPixelItem*>(item);
    if (fragment->getUint8Array(bytes).bad() || (bytes == nullptr && fragment->getLength() > 0))
      refuse_pixels(layout, "a fragment can't be read");
    fragments.emplace_back();
    if (bytes != nullptr) fragments.back().assign(bytes, bytes + fragment->getLength());
  }
  return fragments;
}

/// Returns whether a fragment begins as JPEG and JPEG-LS (SOI) or JPEG 2000 (SOC) do.
bool begins_codestream(const Bytes& fragment) {
  return fragment.size() > 2 && fragment[0] == 0xff && fragment[2] == 0xff &&
         (fragment[1] == 0xd8 || fragment[1] == 0x4f);
}

std::int64_t big_endian(const Bytes& stream, std::size_t at, std::size_t bytes) {
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + bytes; ++i) value = 256 * value + stream[i];
  return value;
}

/// A marker segment: its code, and where its content begins and ends.
struct Segment {
  unsigned code = 0;
  std::size_t begin = 0, end = 0;
};

/// Returns the segment at a place, or nothing if there is none or the stream ends within.
std::optional<Segment> segment_at(const Bytes& stream, std::size_t at) {
  while (at + 1 < stream.size() && stream[at] == 0xff && stream[at + 1] == 0xff) ++at;  // fill bytes
  if (at + 4 > stream.size() || stream[at] != 0xff) return {};
  const std::size_t end = at + 2 + static_cast<std::size_t>(big_endian(stream, at + 2, 2));
  if (end < at + 4 || end > stream.size()) return {};
  return Segment{stream[at + 1], at + 4, end};
}

bool is_frame_header(unsigned code) {
  const bool start_of_frame = code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
  return start_of_frame || code == 0xf7;  // JPEG-LS
}

bool starts_with(const Bytes& stream, const Segment& segment, std::string_view text) {
  return segment.end - segment.begin >= text.size() &&
         std::equal(text.begin(), text.end(), stream.begin() + static_cast<std::ptrdiff_t>(segment.begin));
}

/// The colours of a lossy JPEG in the order in which the markers are to be believed: Adobe's transform, JFIF,
/// component names, halved chroma (T.871 and the rules of libjpeg).
StreamColour colour_of(const Bytes& stream, const Segment& frame, std::optional<int> adobe, bool jfif) {
  if (adobe) return *adobe == 0 ? StreamColour::rgb : StreamColour::ybr;
  if (jfif) return StreamColour::ybr;
  const auto component = [&](std::size_t c, std::size_t field) {
    return stream[frame.begin + 6 + 3 * c + field];
  };
  if (component(0, 0) == 'R' && component(1, 0) == 'G' && component(2, 0) == 'B') return StreamColour::rgb;
  return component(0, 1) != component(1, 1) ? StreamColour::ybr : StreamColour::not_told;
}

/// Returns whether values of a JPEG-LS codestream may differ from those that were encoded (NEAR of its first
/// scan, T.87 C.2.3).
bool is_near_lossless(const Bytes& stream, std::size_t at) {
  constexpr unsigned start_of_scan = 0xda;
  for (auto segment = segment_at(stream, at); segment; segment = segment_at(stream, segment->end)) {
    if (segment->code != start_of_scan) continue;
    if (segment->begin >= segment->end) return true;
    const std::size_t near = segment->begin + 1 + std::size_t{2} * stream[segment->begin];
    return near >= segment->end || stream[near] != 0;
  }
  return true;
}

/// Returns whether a JPEG 2000 codestream went through one of the standard's own colour transforms (COD
/// segment, A.6.1), and whether its wavelet is the one that loses nothing.
void read_coding_style(const Bytes& stream, std::size_t at, StreamHeader& header) {
  constexpr unsigned coding_style = 0x52, start_of_tile = 0x90;
  for (auto segment = segment_at(stream, at); segment && segment->code != start_of_tile;
       segment = segment_at(stream, segment->end)) {
    if (segment->code != coding_style || segment->end - segment->begin < 10) continue;
    if (stream[segment->begin + 4] == 1) header.colour = StreamColour::rgb;  // after it is undone
    header.lossy = stream[segment->begin + 9] == 0;
    return;
  }
}

}  // namespace

void refuse_pixels(const PixelLayout& layout, const std::string& why) {
  refuse(layout.path, {Refusal::unreadable, tag_text(DCM_PixelData), layout.transfer_syntax,
                       "the pixels can't be decoded (" + why + ")"});
}

std::vector<Bytes> codestreams(DcmDataset& dataset, const PixelLayout& layout) {
  std::vector<Bytes> fragments = fragments_of(dataset, layout);
  const auto frames = static_cast<std::size_t>(layout.frames);
  if (fragments.size() == frames) return fragments;
  std::vector<Bytes> streams;
  for (Bytes& fragment : fragments) {
    const bool first = streams.empty() || (frames > 1 && begins_codestream(fragment));
    if (first)
      streams.push_back(std::move(fragment));
    else
      streams.back().insert(streams.back().end(), fragment.begin(), fragment.end());
  }
  if (streams.size() != frames)
    refuse_pixels(layout, std::to_string(fragments.size()) + " fragments can't be told apart into " +
                              std::to_string(frames) + " frames");
  return streams;
}

std::optional<StreamHeader> jpeg_header(const Bytes& stream) {
  constexpr std::size_t three_components = 6 + 3 * 3;
  std::optional<int> adobe;
  bool jfif = false;
  for (auto segment = segment_at(stream, 2); segment; segment = segment_at(stream, segment->end)) {
    const std::size_t length = segment->end - segment->begin;
    if (segment->code == 0xe0 && starts_with(stream, *segment, std::string_view("JFIF\0", 5))) jfif = true;
    if (segment->code == 0xee && length >= 12 && starts_with(stream, *segment, "Adobe"))
      adobe = stream[segment->begin + 11];
    if (!is_frame_header(segment->code)) continue;
    if (length < 6) return {};
    StreamHeader header{big_endian(stream, segment->begin + 3, 2), big_endian(stream, segment->begin + 1, 2),
                        stream[segment->begin + 5], stream[segment->begin]};
    const bool by_cosines = segment->code <= 0xc2;
    // Lossless JPEG predicts instead (SOF3, 7, 11, 15).
    const bool predicts = segment->code < 0xf0 && (segment->code & 3U) == 3;
    header.lossy = segment->code == 0xf7 ? is_near_lossless(stream, segment->end) : !predicts;
    if (by_cosines && header.components == 3 && length >= three_components)
      header.colour = colour_of(stream, *segment, adobe, jfif);
    return header;
  }
  return {};
}

bool is_jpeg2000(E_TransferSyntax syntax) {
  return syntax == EXS_JPEG2000 || syntax == EXS_JPEG2000LosslessOnly;
}

StreamHeader checked_jpeg2000_header(const Bytes& stream, const PixelLayout& layout) {
  constexpr std::size_t first_component = 42;  // after SOC and the fixed part of SIZ
  const auto samples = static_cast<std::size_t>(layout.samples);
  if (stream.size() < first_component + 3 * samples || stream[0] != 0xff || stream[1] != 0x4f ||
      stream[2] != 0xff || stream[3] != 0x51)
    refuse_pixels(layout, "it does not begin as a JPEG 2000 codestream");
  const auto number = [&](std::size_t at, std::size_t bytes) { return big_endian(stream, at, bytes); };
  StreamHeader header{number(8, 4) - number(16, 4), number(12, 4) - number(20, 4), number(40, 2)};
  bool full_size = true;
  for (std::size_t c = 0; c < samples; ++c) {
    header.bits = std::max(header.bits, (number(first_component + 3 * c, 1) & 0x7f) + 1);
    full_size = full_size && number(first_component + 3 * c + 1, 2) == 0x0101;
  }
  if (header.width != layout.columns || header.height != layout.rows || header.components != layout.samples ||
      !full_size)
    refuse_pixels(layout, "the codestream has another size than the image");
  if (header.bits > layout.format.bits_allocated)
    refuse_pixels(layout, "the codestream has more bits than the image");
  // Tiles so small that there are very many of them are damage, and take long.
  constexpr std::int64_t most_tiles = 65535;  // the standard's limit
  const std::int64_t tile_width = number(24, 4), tile_height = number(28, 4);
  if (tile_width < 1 || tile_height < 1 ||
      ((header.width + tile_width - 1) / tile_width) * ((header.height + tile_height - 1) / tile_height) >
          most_tiles)
    refuse_pixels(layout, "the codestream has impossible tiles");
  read_coding_style(stream, 2, header);
  return header;
}

}  // namespace genu::io::dicom

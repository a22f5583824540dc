// Tiles of queries against runs of keys; see attend.h.
#include "attend.h"

#include <algorithm>

#include "parallel.h"

namespace unmask {

namespace {

constexpr int kQueries = 64;  // query vectors of a tile
constexpr int kRun = 32;      // keys or dimensions that Kernels::outer takes at a time

void transpose(const float* from, size_t fromStride, int rows, int columns, float* to, size_t toStride) {
  constexpr int kBlock = 16;
  for (int r = 0; r < rows; r += kBlock)
    for (int c = 0; c < columns; c += kBlock)
      for (int i = r; i < std::min(r + kBlock, rows); i++)
        for (int j = c; j < std::min(c + kBlock, columns); j++)
          to[static_cast<size_t>(j) * toStride + static_cast<size_t>(i)] = from[static_cast<size_t>(i) * fromStride + static_cast<size_t>(j)];
}

}  // namespace

Attend::Attend(const ModelSpec& spec, const Kernels& kernels, const TrainKernels& trainKernels, Pool& pool)
    : spec_(spec),
      kernels_(kernels),
      train_(trainKernels),
      pool_(pool),
      group_(spec.heads / spec.kvHeads),
      tileRows_(std::max(1, kQueries / group_)),
      queries_(tileRows_ * group_),
      paddedDim_(roundUp(spec.headDim, kRun)),
      scratch_(static_cast<size_t>(pool.threads())) {}

void Attend::prepare(const Chunk& chunk) {
  chunk_ = &chunk;
  tiles_.assign(chunk.sequences.size() - 1, {});
  int longest = 0;
  for (size_t s = 0; s + 1 < chunk.sequences.size(); s++) {
    longest = std::max(longest, chunk.sequences[s + 1] - chunk.sequences[s]);
    for (int row = chunk.sequences[s]; row < chunk.sequences[s + 1]; row++) {
      const int* keys = &chunk.keys[static_cast<size_t>(row) * 4];
      Tile* tile = tiles_[s].empty() ? nullptr : &tiles_[s].back();
      // Runs of keys may grow from row to row only at their common end.
      const bool joins = tile != nullptr && tile->rows < tileRows_ && keys[0] == tile->begin[0] && keys[2] == tile->begin[1] &&
                         (keys[1] - keys[0] == tile->keys[0] || (keys[3] == keys[2] && tile->keys[1] == 0));
      if (!joins) {
        tiles_[s].push_back({row, 0, {keys[0], keys[2]}, {0, 0}});
        tile = &tiles_[s].back();
      }
      tile->rows++;
      tile->keys[0] = std::max(tile->keys[0], keys[1] - keys[0]);
      tile->keys[1] = std::max(tile->keys[1], keys[3] - keys[2]);
    }
  }
  if (longest <= longest_) return;
  longest_ = longest;
  reserve();
}

/** Scratch for the longest sequence seen. */
void Attend::reserve() {
  const size_t length = static_cast<size_t>(roundUp(longest_, 64)), dim = static_cast<size_t>(paddedDim_);
  const size_t turned = length + 48, n = static_cast<size_t>(roundUp(queries_, 16));
  scoreStride_ = length + 80;
  for (Scratch& s : scratch_) {
    s.heads = Region((4 * (length + kRun) * dim + 2 * dim * turned + 2 * kRun) * sizeof(float));
    s.tiles = Region((3 * n * dim + 2 * n * scoreStride_ + (length + kRun) * (n + 16)) * sizeof(float));
  }
}

int Attend::visible(const Tile& tile, int row) const {
  const int* keys = &chunk_->keys[static_cast<size_t>(tile.first + row) * 4];
  return keys[1] - keys[0] + keys[3] - keys[2];
}

Attend::Head Attend::gather(const Rows& k, const Rows& v, int sequence, int kvHead, bool transposeV, Scratch& scratch) const {
  const int first = chunk_->sequences[static_cast<size_t>(sequence)];
  const int length = chunk_->sequences[static_cast<size_t>(sequence) + 1] - first, dim = spec_.headDim;
  const size_t room = static_cast<size_t>(roundUp(longest_, 64) + kRun) * static_cast<size_t>(paddedDim_);
  Head head;
  head.stride = static_cast<size_t>(roundUp(length, 32) + 48);
  head.k = scratch.heads.as<float>();
  head.v = head.k + room;
  head.kT = head.v + 3 * room;  // after the gradients
  head.vT = head.kT + static_cast<size_t>(paddedDim_) * static_cast<size_t>(roundUp(longest_, 64) + 48);
  for (int i = 0; i < length; i++) {
    const size_t at = static_cast<size_t>(i) * static_cast<size_t>(paddedDim_);
    train_.roundHalf(k.row(first + i) + kvHead * dim, dim, head.k + at);
    train_.roundHalf(v.row(first + i) + kvHead * dim, dim, head.v + at);
    std::fill(head.k + at + dim, head.k + at + paddedDim_, 0.0f);
    std::fill(head.v + at + dim, head.v + at + paddedDim_, 0.0f);
  }
  transpose(head.k, static_cast<size_t>(paddedDim_), length, dim, head.kT, head.stride);
  if (transposeV) transpose(head.v, static_cast<size_t>(paddedDim_), length, dim, head.vT, head.stride);
  return head;
}

void Attend::gatherQueries(const Rows& from, const Tile& tile, int kvHead, size_t stride, float* to) const {
  const int dim = spec_.headDim;
  for (int i = 0; i < tile.rows * group_; i++, to += stride) {
    const float* row = from.row(tile.first + i / group_) + (kvHead * group_ + i % group_) * dim;
    std::copy(row, row + dim, to);
    std::fill(to + dim, to + stride, 0.0f);
  }
}

/** out[query][key] = vectors[query] . keys[key] over the tile's keys, in order. `start` is the sequence's first row. */
void Attend::scores(const Tile& tile, const Head& head, int start, const float* vectors, const float* keysT, float* out) const {
  for (int run = 0; run < 2; out += tile.keys[run], run++)
    for (int key = 0; key < tile.keys[run]; key += kRun)
      kernels_.outer(tile.rows * group_, spec_.headDim, vectors, static_cast<size_t>(paddedDim_),
                     keysT + (tile.begin[run] - start + key), head.stride, out + key, scoreStride_, false);
}

/** out[query] = sum over the keys of weights[query][key] * values[key]. */
void Attend::mix(const Tile& tile, int start, const float* weights, const float* values, int queries, float* out) const {
  const size_t dim = static_cast<size_t>(paddedDim_);
  for (int run = 0; run < 2; weights += tile.keys[run], run++) {
    if (tile.keys[run] == 0) continue;
    const float* from = values + static_cast<size_t>(tile.begin[run] - start) * dim;
    for (int d = 0; d < paddedDim_; d += kRun)
      kernels_.outer(queries, tile.keys[run], weights, scoreStride_, from + d, dim, out + d, dim, run == 1 && tile.keys[0] > 0);
  }
}

/** out[key] += sum over the queries of weights[query][key] * vectors[query]. */
void Attend::scatter(const Tile& tile, int start, const float* weights, const float* vectors, int queries, float* turned,
                     float* out) const {
  const size_t dim = static_cast<size_t>(paddedDim_), stride = static_cast<size_t>(roundUp(queries_, 16) + 16);
  const int keys = tile.keys[0] + tile.keys[1];
  transpose(weights, scoreStride_, queries, keys, turned, stride);
  for (int run = 0; run < 2; turned += static_cast<size_t>(tile.keys[run]) * stride, run++) {
    float* to = out + static_cast<size_t>(tile.begin[run] - start) * dim;
    for (int d = 0; d < paddedDim_; d += kRun)
      kernels_.outer(tile.keys[run], queries, turned, stride, vectors + d, dim, to + d, dim, true);
  }
}

void Attend::forward(const Rows& q, const Rows& k, const Rows& v, const Rows& out) {
  const int kvHeads = spec_.kvHeads, dim = spec_.headDim;
  inParallel(pool_, static_cast<int>(tiles_.size()) * kvHeads, [&](int task, int worker) {
    const int sequence = task / kvHeads, kvHead = task % kvHeads;
    Scratch& scratch = scratch_[static_cast<size_t>(worker)];
    const Head head = gather(k, v, sequence, kvHead, false, scratch);
    const int start = chunk_->sequences[static_cast<size_t>(sequence)];
    const size_t n = static_cast<size_t>(roundUp(queries_, 16)), vectors = n * static_cast<size_t>(paddedDim_);
    float* query = scratch.tiles.as<float>();
    float* total = query + vectors;
    float* weights = query + 3 * vectors;
    for (const Tile& tile : tiles_[static_cast<size_t>(sequence)]) {
      const int queries = tile.rows * group_, padded = roundUp(tile.keys[0] + tile.keys[1], kRun);
      gatherQueries(q, tile, kvHead, static_cast<size_t>(paddedDim_), query);
      kernels_.scale(query, queries * paddedDim_, spec_.attentionScale);
      scores(tile, head, start, query, head.kT, weights);
      float sums[kQueries * 16];
      for (int i = 0; i < queries; i++)
        sums[i] = kernels_.softmax(weights + static_cast<size_t>(i) * scoreStride_, visible(tile, i / group_), padded);
      mix(tile, start, weights, head.v, queries, total);
      for (int i = 0; i < queries; i++)
        kernels_.divide(total + static_cast<size_t>(i) * static_cast<size_t>(paddedDim_), dim, sums[i],
                        out.row(tile.first + i / group_) + (kvHead * group_ + i % group_) * dim);
    }
  });
}

void Attend::backward(const Rows& q, const Rows& k, const Rows& v, const Rows& dOut, const Rows& dq, const Rows& dk,
                      const Rows& dv) {
  const int kvHeads = spec_.kvHeads, dim = spec_.headDim;
  const size_t wide = static_cast<size_t>(paddedDim_);
  inParallel(pool_, static_cast<int>(tiles_.size()) * kvHeads, [&](int task, int worker) {
    const int sequence = task / kvHeads, kvHead = task % kvHeads;
    Scratch& scratch = scratch_[static_cast<size_t>(worker)];
    const Head head = gather(k, v, sequence, kvHead, true, scratch);
    const int start = chunk_->sequences[static_cast<size_t>(sequence)];
    const int length = chunk_->sequences[static_cast<size_t>(sequence) + 1] - start;
    const size_t room = static_cast<size_t>(roundUp(longest_, 64) + kRun) * wide;
    float* keyGradient = head.v + room;
    float* valueGradient = keyGradient + room;
    std::fill(keyGradient, keyGradient + static_cast<size_t>(length) * wide, 0.0f);
    std::fill(valueGradient, valueGradient + static_cast<size_t>(length) * wide, 0.0f);
    const size_t n = static_cast<size_t>(roundUp(queries_, 16)), vectors = n * wide;
    float* query = scratch.tiles.as<float>();
    float* total = query + vectors;
    float* upstream = total + vectors;
    float* weights = upstream + vectors;
    float* gradient = weights + n * scoreStride_;
    float* turned = gradient + n * scoreStride_;
    for (const Tile& tile : tiles_[static_cast<size_t>(sequence)]) {
      const int queries = tile.rows * group_, padded = roundUp(tile.keys[0] + tile.keys[1], kRun);
      gatherQueries(q, tile, kvHead, wide, query);
      gatherQueries(dOut, tile, kvHead, wide, upstream);
      kernels_.scale(query, queries * paddedDim_, spec_.attentionScale);
      scores(tile, head, start, query, head.kT, weights);
      scores(tile, head, start, upstream, head.vT, gradient);
      for (int i = 0; i < queries; i++) {
        float* row = weights + static_cast<size_t>(i) * scoreStride_;
        float* rowGradient = gradient + static_cast<size_t>(i) * scoreStride_;
        std::fill(rowGradient + tile.keys[0] + tile.keys[1], rowGradient + padded, 0.0f);
        const float sum = kernels_.softmax(row, visible(tile, i / group_), padded);
        train_.softmaxBackward(row, sum, rowGradient, padded);
      }
      mix(tile, start, gradient, head.k, queries, total);
      for (int i = 0; i < queries; i++) {
        float* row = total + static_cast<size_t>(i) * wide;
        kernels_.scale(row, dim, spec_.attentionScale);
        std::copy(row, row + dim, dq.row(tile.first + i / group_) + (kvHead * group_ + i % group_) * dim);
      }
      scatter(tile, start, weights, upstream, queries, turned, valueGradient);
      scatter(tile, start, gradient, query, queries, turned, keyGradient);
    }
    for (int i = 0; i < length; i++) {
      const float* from[2] = {keyGradient + static_cast<size_t>(i) * wide, valueGradient + static_cast<size_t>(i) * wide};
      std::copy(from[0], from[0] + dim, dk.row(start + i) + kvHead * dim);
      std::copy(from[1], from[1] + dim, dv.row(start + i) + kvHead * dim);
    }
  });
}

}  // namespace unmask

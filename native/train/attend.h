// Attention of a chunk of rows, forward and backward; masks are two ranges of rows each.
//
// Rows in a row whose ranges begin alike form a tile: each of them sees a prefix of the tile's
// keys, so what nobody in the tile sees costs nothing. Keys are taken in the order of their
// positions and K and V are rounded to f16, which makes the forward the engine's, bit for bit.
// Probabilities are not kept: the backward pass makes them again.
#pragma once

#include <vector>

#include "../kernels.h"
#include "../memory.h"
#include "../pool.h"
#include "../program.h"
#include "train_kernels.h"

namespace unmask {

/** Rows of an activation, one width apart from its stride. */
struct Rows {
  float* data = nullptr;
  size_t stride = 0;
  float* row(int r) const { return data + static_cast<size_t>(r) * stride; }
};

/** A batch or a part of it that is whole sequences; row numbers count from its first row. */
struct Chunk {
  int rows = 0;
  const int32_t* tokens = nullptr;
  const int32_t* positions = nullptr;
  const int32_t* targets = nullptr;
  const float* weights = nullptr;
  std::vector<int> sequences;  // first rows, and the end
  std::vector<int> keys;       // [rows][4]; the range with the earlier positions first
};

class Attend {
 public:
  Attend(const ModelSpec& spec, const Kernels& kernels, const TrainKernels& trainKernels, Pool& pool);

  /** Cuts the chunk into tiles. */
  void prepare(const Chunk& chunk);
  void forward(const Rows& q, const Rows& k, const Rows& v, const Rows& out);
  /** Writes dq, dk and dv. */
  void backward(const Rows& q, const Rows& k, const Rows& v, const Rows& dOut, const Rows& dq, const Rows& dk,
                const Rows& dv);

 private:
  struct Tile {
    int first, rows;
    int begin[2], keys[2];  // the two runs of keys, as far as any row of the tile sees
  };
  /** The keys and values of one sequence and K/V head, rounded. Room after the last for 32 more. */
  struct Head {
    float *k, *v;    // [length][paddedDim]
    float *kT, *vT;  // [headDim][stride]
    size_t stride;
  };
  struct Scratch {
    Region heads, tiles;
  };

  int visible(const Tile& tile, int row) const;
  Head gather(const Rows& k, const Rows& v, int sequence, int kvHead, bool transposeV, Scratch& scratch) const;
  void scores(const Tile& tile, const Head& head, int start, const float* vectors, const float* keysT, float* out) const;
  void mix(const Tile& tile, int start, const float* weights, const float* values, int queries, float* out) const;
  void scatter(const Tile& tile, int start, const float* weights, const float* vectors, int queries, float* turned, float* out) const;
  void gatherQueries(const Rows& from, const Tile& tile, int kvHead, size_t stride, float* to) const;
  void reserve();

  const ModelSpec& spec_;
  const Kernels& kernels_;
  const TrainKernels& train_;
  Pool& pool_;
  const int group_, tileRows_, queries_, paddedDim_;
  const Chunk* chunk_ = nullptr;
  std::vector<std::vector<Tile>> tiles_;  // of each sequence
  int longest_ = 0;                       // sequence
  size_t scoreStride_ = 0;
  std::vector<Scratch> scratch_;
};

}  // namespace unmask

package handler

import (
	"context"

	"github.com/FerretDB/FerretDB/internal/backends"
	"github.com/FerretDB/FerretDB/internal/handler/common"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/iterator"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// SQLite takes 32,766 variables in a statement, and all documents found are held in memory.
const maxTogether = 10_000

// gathered is a collection that keeps what is to be written until all of it is known.
type gathered struct {
	backends.Collection
	inserts, updates []*types.Document
}

func (g *gathered) InsertAll(_ context.Context, p *backends.InsertAllParams) (*backends.InsertAllResult, error) {
	g.inserts = append(g.inserts, p.Docs...)
	return new(backends.InsertAllResult), nil
}

func (g *gathered) UpdateAll(_ context.Context, p *backends.UpdateAllParams) (*backends.UpdateAllResult, error) {
	g.updates = append(g.updates, p.Docs...)
	return new(backends.UpdateAllResult), nil
}

// replaceTogether executes a command that replaces several documents, each by its `_id`, with one query and at most
// two transactions. What becomes of a document is decided by the function that decides it one by one.
//
// It returns no array, having written nothing, when the command is another or when anything is in its way (a wrong
// document, one that somebody else has inserted meanwhile): then the updates go one after another, as ever.
func (h *Handler) replaceTogether(
	ctx context.Context, db backends.Database, params *common.UpdateParams,
) (matched, modified int32, upserted *types.Array, err error) {
	ids := replacedIDs(params)
	if ids == nil || h.DisablePushdown {
		return 0, 0, nil, nil
	}
	c, err := db.Collection(params.Collection)
	if err != nil {
		return 0, 0, nil, nil
	}
	in := must.NotFail(types.NewDocument("$in", must.NotFail(types.NewArray(ids...))))
	res, err := c.Query(ctx, &backends.QueryParams{Filter: must.NotFail(types.NewDocument("_id", in))})
	if err != nil {
		return 0, 0, nil, nil
	}
	docs, err := iterator.ConsumeValues(res.Iter) // closes it, too: whoever writes takes a connection of his own
	if err != nil {
		return 0, 0, nil, nil
	}
	found := make(map[string][]*types.Document, len(docs))
	for _, doc := range docs {
		if id, ok := must.NotFail(doc.Get("_id")).(string); ok {
			found[id] = []*types.Document{doc}
		}
	}

	g, results := &gathered{Collection: c}, types.MakeArray(0)
	for i := range params.Updates {
		iter := iterator.Values(iterator.ForSlice(found[ids[i].(string)]))
		result, err := common.UpdateDocument(ctx, g, "update", iter, &params.Updates[i])
		iter.Close()
		if err != nil {
			return 0, 0, nil, nil
		}
		matched += result.Matched.Count
		modified += result.Modified.Count
		if result.Upserted.Doc != nil {
			matched++
			results.Append(must.NotFail(types.NewDocument("index", int32(results.Len()), "_id", ids[i])))
		}
	}

	// Inserts first: only they can lose a race, and then nothing is written yet.
	if len(g.inserts) > 0 {
		if _, err = c.InsertAll(ctx, &backends.InsertAllParams{Docs: g.inserts}); err != nil {
			return 0, 0, nil, nil
		}
	}
	if len(g.updates) > 0 {
		_, err = c.UpdateAll(ctx, &backends.UpdateAllParams{Docs: g.updates})
	}
	return matched, modified, results, err
}

// replacedIDs returns the `_id`s of a command that replaces nothing but single documents, each named by a string of
// its own; nil for any other command.
func replacedIDs(params *common.UpdateParams) []any {
	if len(params.Updates) < 2 || len(params.Updates) > maxTogether {
		return nil
	}
	ids, seen := make([]any, len(params.Updates)), make(map[string]bool, len(params.Updates))
	for i, u := range params.Updates {
		if u.Filter.Len() != 1 || u.Update == nil || u.HasUpdateOperators || u.Multi {
			return nil
		}
		value, _ := u.Filter.Get("_id")
		id, ok := value.(string)
		if !ok || seen[id] {
			return nil
		}
		ids[i], seen[id] = id, true
	}
	return ids
}

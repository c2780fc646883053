-- name: list_knowledge(knowledge_ids)
SELECT knowledge_id, version, programme_id, kind, names::text AS names, summary::text AS summary, theme_ids,
       project_ids, measure_ids, source::text AS source, status, answer::text AS answer
  FROM knowledge
 WHERE knowledge_id = ANY(:knowledge_ids::text[])
 ORDER BY knowledge_id;

-- name: seek_knowledge_ids(programme, kind, theme, project, after, count)
SELECT knowledge_id
  FROM knowledge
 WHERE knowledge_id > :after
   AND (:programme::text IS NULL OR programme_id = :programme)
   AND (:kind::text IS NULL OR kind = :kind)
   AND (:theme::text IS NULL OR :theme = ANY(theme_ids))
   AND (:project::text IS NULL OR :project = ANY(project_ids))
 ORDER BY knowledge_id
 LIMIT :count;

-- name: put_knowledge(knowledge_id, version, programme_id, kind, names, summary, theme_ids, project_ids, measure_ids, source, status, answer)!
INSERT INTO knowledge (knowledge_id, version, programme_id, kind, names, summary, theme_ids, project_ids, measure_ids,
                       source, status, answer)
VALUES (:knowledge_id, :version, :programme_id, :kind, :names::jsonb, :summary::jsonb, :theme_ids::text[],
        :project_ids::text[], :measure_ids::text[], :source::jsonb, :status, :answer::jsonb)
ON CONFLICT ON CONSTRAINT knowledge_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, summary = excluded.summary, theme_ids = excluded.theme_ids,
       project_ids = excluded.project_ids, measure_ids = excluded.measure_ids, source = excluded.source,
       status = excluded.status, answer = excluded.answer;

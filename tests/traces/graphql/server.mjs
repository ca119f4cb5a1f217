// SPDX-License-Identifier: Apache-2.0
// Apollo's server with a small shop, on the port that is its argument. Says "ready" when it listens.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

const typeDefs = `#graphql
  type Item { id: ID!, name: String!, price: Float! }
  type Query { item(id: ID!): Item, items(most: Int = 2): [Item!]!, broken: String }
  type Mutation { rename(id: ID!, name: String!): Item! }
`;
const items = [
  { id: "1", name: "bolt", price: 0.1 },
  { id: "2", name: "nut, \u00e4u\u00dferst fein", price: 0.2 },
  { id: "3", name: "washer", price: 0.05 },
];
const find = (id) => items.find((item) => item.id === id);
const resolvers = {
  Query: {
    item: (_, { id }) => find(id),
    items: (_, { most }) => items.slice(0, most),
    broken: () => {
      throw new Error("the ledger is locked");
    },
  },
  Mutation: { rename: (_, { id, name }) => ({ ...find(id), name }) },
};
const server = new ApolloServer({
  typeDefs,
  resolvers,
  allowBatchedHttpRequests: true,
  csrfPrevention: false,
  includeStacktraceInErrorResponses: false,
});
await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: Number(process.argv[2]) } });
console.log("ready");
